// A camera's picture in a <video>, switched on and off. Shares its block with what shows it.
const stopStream = video => {
  video.srcObject?.getTracks().forEach(track => track.stop());
  video.srcObject = null;
};
// Resolves to why it can't be used, or to nothing.
const startStream = async (video, stopped) => {
  try {
    if (!navigator.mediaDevices) throw new Error('it needs https');
    const wanted = { facingMode: 'environment', width: { ideal: 1920 }, height: { ideal: 1080 } };
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
    video.srcObject.getTracks().forEach(track => { track.onended = stopped; });
    return '';
  } catch (error) {
    return { NotAllowedError: 'it was not allowed', NotFoundError: 'there is none' }[error.name] ?? error.message;
  }
};
