// Questions and answers, files that are pasted or dropped anywhere, and what is asked before anything is lost.

// Whatever brings another finding is a question with a number. Only the answer to the newest one is shown; until it is
// there, what is on the page is dimmed and named as earlier (dfsc/interface/session/asking.py has the server's side).
window.dfsc = (() => {
  const about = {};
  const settings = { ...dfscStandard };
  let newest = 0, shown = 0;
  let what = '', scrolls = false;

  const browser = () => {
    try {
      localStorage.dfscBrowser ??= Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
      return localStorage.dfscBrowser;
    } catch {
      return ''; // storage is forbidden here
    }
  };
  const place = id => document.getElementById(id);
  const answer = () => document.querySelector('#message [data-answer]');
  const told = () => Number(answer()?.dataset.answer ?? 0);
  const waiting = () => Math.max(shown, told()) < newest;
  // Below this width the page is one column (page.css), and what was found is not where it was asked for.
  const NARROW = 900;
  const scroll = () => {
    if (!scrolls) return;
    const findings = place('findings');
    if (innerWidth <= NARROW || findings?.getBoundingClientRect().top < -200) findings?.scrollIntoView();
  };
  const productName = product =>
    document.querySelector(`#product input[value="${CSS.escape(product)}"]`)?.closest('label')?.innerText.trim() ?? product;

  const update = () => {
    const [findings, note] = [place('findings'), document.querySelector('#waiting p')];
    if (!findings || !note) return;
    const finding = findings.querySelector('[data-finding]');
    const old = Boolean(finding) && shown < newest;
    const says = [];
    if (waiting()) says.push(what ? note.dataset.inspecting.replace('{photo}', () => what) : note.dataset.any);
    if (old) {
      const { photo, product } = finding.dataset;
      says.push(note.dataset.earlier.replace('{photo}', () => photo).replace('{product}', () => productName(product)));
    }
    note.textContent = says.join(' ');
    note.hidden = !says.length;
    findings.classList.toggle('earlier', old);
    findings.setAttribute('aria-busy', String(waiting()));
    place('message')?.classList.toggle('overtaken', told() < newest);
    const table = document.querySelector('#many [data-product]');
    const chosen = document.querySelector('#product input:checked')?.value;
    table?.classList.toggle('earlier', Boolean(chosen) && table.dataset.product !== chosen);
    // Photos may share a name.
    const index = about.row?.number === shown ? about.row.index : null;
    for (const row of document.querySelectorAll('#many .photos button')) {
      if (finding?.dataset.photo === row.dataset.photo && row.dataset.index === (index ?? row.dataset.index)) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
    }
  };

  const question = kind => {
    const { number, finding, ...of } = about[kind] ?? { number: newest, finding: shown };
    return JSON.stringify({ number, about: of, finding, settings });
  };
  const ask = (kind, of = {}) => {
    newest += 1;
    what = of.photo ?? '';
    about[kind] = { ...of, number: newest, finding: shown };
    if (kind === 'first') Object.assign(about[kind], { browser: browser(), wished: dfsc.wished });
    closeProbe();
    update();
    // On a phone the findings are far below; who draws on the photograph stays there.
    scrolls = !['first', 'stroke'].includes(kind);
    scroll();
    return question(kind);
  };
  // About what is shown: no question that brings another finding.
  const askBeside = (kind, of = {}) => {
    about[kind] = { ...of, number: newest, finding: shown };
    return question(kind);
  };

  // A finding arrives in a component of its own, so that one that was overtaken on its way is never shown.
  const arrive = (arriving, results) => {
    const come = arriving.querySelector('[data-answer]');
    const number = Number(come?.dataset.answer ?? 0);
    if (number !== newest || number <= shown) return;
    shown = number;
    results.innerHTML = come.dataset.html;
    closeProbe();
    update();
    scroll();
  };
  const watch = (element, seen) => {
    const attributeFilter = ['data-answer', 'data-click', 'data-product'];
    new MutationObserver(seen).observe(element, { childList: true, subtree: true, attributeFilter });
    seen();
  };

  // The values at a place are seen once they are those of the last click, on the finding that is shown.
  let clicks = 0;
  const closeProbe = () => place('probe')?.classList.add('closed');
  const askValues = at => {
    clicks += 1;
    closeProbe();
    askBeside('values', { at, click: clicks });
  };
  const openProbe = probe => {
    const { of, click } = probe.querySelector('.probe')?.dataset ?? {};
    if (Number(of) === shown && Number(click) === clicks) probe.closest('#probe').classList.remove('closed');
  };

  // Files

  const visibleField = () => Array.from(document.querySelectorAll('#upload, #photographs'))
    .find(field => field.offsetParent)?.querySelector('input[type=file]');
  const handOver = (given, patience = 100) => {
    const field = visibleField();
    if (!field) {
      // It is not there while it still holds the last files.
      if (patience) setTimeout(() => handOver(given, patience - 1), 100);
      return;
    }
    const files = new DataTransfer();
    Array.from(given).slice(0, field.multiple ? undefined : 1).forEach(file => files.items.add(file));
    field.files = files.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  };

  return {
    ask, askBeside, askValues, question, settings, waiting, arrive, watch, update, openProbe, closeProbe, handOver,
    current: () => shown > 0 && shown === newest,
  };
})();

(() => {
  const hasFiles = data => data && Array.from(data.types).includes('Files');

  document.addEventListener('paste', event => {
    if (event.defaultPrevented || !event.clipboardData?.files.length) return;
    event.preventDefault();
    dfsc.handOver(event.clipboardData.files);
  });

  // Without these two a photograph dropped beside the field would replace the page.
  document.addEventListener('dragover', event => {
    if (hasFiles(event.dataTransfer)) event.preventDefault();
  });
  document.addEventListener('drop', event => {
    if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    dfsc.handOver(event.dataTransfer.files);
  });

  // Gradio passes a file's name on, not its place in the folder that was chosen, which tells good parts from faulty ones.
  document.addEventListener('change', event => {
    for (const file of event.target.files ?? []) {
      if (file.webkitRelativePath) Object.defineProperty(file, 'name', { value: file.webkitRelativePath });
    }
  }, true);

  // Gradio calls every field's button the same; a screen reader shall say which is which.
  const nameFields = () => {
    for (const field of document.querySelectorAll('#upload, #photographs, #checkpoint')) {
      const [label, button] = [field.querySelector('label')?.innerText.trim(), field.querySelector('button[aria-label]')];
      if (label && button && button.getAttribute('aria-label') !== label) button.setAttribute('aria-label', label);
    }
  };
  new MutationObserver(nameFields).observe(document, { childList: true, subtree: true });

  document.addEventListener('input', event => {
    const wipe = event.target.closest?.('.wipe');
    if (wipe) wipe.style.setProperty('--cut', `${event.target.value}%`);
  });

  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') dfsc.closeProbe();
  });
  document.addEventListener('click', event => {
    if (event.target.closest?.('#probe [data-act=close]')) dfsc.closeProbe();
  });

  // Leaving: a training that runs would be given up, and a pair that was not downloaded is kept for an hour only.
  let kept = null;
  const result = () => document.querySelector('#retrain-result [data-trained]');
  document.addEventListener('click', event => {
    if (event.target.closest?.('#download-pair')) kept = result()?.innerHTML ?? null;
  });
  window.addEventListener('beforeunload', event => {
    const trains = document.querySelector('#retrain-message .progress');
    if (trains || (result() && result().innerHTML !== kept)) event.preventDefault();
  });
})();
