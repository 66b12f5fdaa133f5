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
  stopStream(video);
  live(false);
};
const start = async () => {
  const why = await startStream(video, stop);
  failed.textContent = why && element.querySelector('.camera').dataset.failed.replace('{why}', why);
  if (!why) live(true);
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
