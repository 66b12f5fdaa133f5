// Photographs may be pasted or dropped anywhere on the page, and the wipe's line follows its slider.
(() => {
  const visibleField = () => Array.from(document.querySelectorAll('#upload, #photographs'))
    .find(place => place.offsetParent)?.querySelector('input[type=file]');

  const handOver = given => {
    const field = visibleField();
    if (!field) return;
    const files = new DataTransfer();
    Array.from(given).slice(0, field.multiple ? undefined : 1).forEach(file => files.items.add(file));
    field.files = files.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  };

  const hasFiles = data => data && Array.from(data.types).includes('Files');

  document.addEventListener('paste', event => {
    if (event.defaultPrevented || !event.clipboardData?.files.length) return;
    event.preventDefault();
    handOver(event.clipboardData.files);
  });

  // Without these two a photograph dropped beside the field would replace the page.
  document.addEventListener('dragover', event => {
    if (hasFiles(event.dataTransfer)) event.preventDefault();
  });
  document.addEventListener('drop', event => {
    if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    handOver(event.dataTransfer.files);
  });

  document.addEventListener('input', event => {
    const wipe = event.target.closest?.('.wipe');
    if (wipe) wipe.style.setProperty('--cut', `${event.target.value}%`);
  });
})();
