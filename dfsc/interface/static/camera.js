// The camera stays on between two photos; each is handed over as if it had been chosen from the disk.
const [video, failed] = [element.querySelector('video'), element.querySelector('.failed')];
const button = act => element.querySelector(`[data-act=${act}]`);
const live = on => {
  video.hidden = !on;
  button('start').hidden = on;
  button('take').hidden = !on;
  button('stop').hidden = !on;
};
const stop = () => {
  video.srcObject?.getTracks().forEach(track => track.stop());
  video.srcObject = null;
  live(false);
};
const start = async () => {
  failed.textContent = '';
  try {
    if (!navigator.mediaDevices) throw new Error('it needs https');
    const wanted = { facingMode: 'environment', width: { ideal: 1920 }, height: { ideal: 1080 } };
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
    video.srcObject.getTracks().forEach(track => { track.onended = stop; });
    live(true);
  } catch (error) {
    const why = { NotAllowedError: 'it was not allowed', NotFoundError: 'there is none' }[error.name] ?? error.message;
    failed.textContent = element.querySelector('.camera').dataset.failed.replace('{why}', why);
  }
};
const take = () => {
  if (!video.videoWidth) return;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d').drawImage(video, 0, 0);
  const clock = new Date().toTimeString().slice(0, 8).replaceAll(':', '.');
  canvas.toBlob(blob => dfsc.handOver([new File([blob], `Camera ${clock}.jpg`, { type: blob.type })]), 'image/jpeg', 0.95);
};
element.addEventListener('click', event => {
  ({ start, take, stop })[event.target.closest('button')?.dataset.act]?.();
});
