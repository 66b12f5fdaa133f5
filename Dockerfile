# The page with its embedded detectors. It needs no network and writes to /tmp alone:
#   docker build -t dfsc-inspector .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL -p 127.0.0.1:7860:7860 dfsc-inspector
FROM python:3.11-slim-bookworm

WORKDIR /app
COPY requirements.txt ./
# The processor's build of torch, which is a tenth of CUDA's.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "torch>=2.9" "torchvision>=0.24" \
 && pip install --no-cache-dir -r requirements.txt

COPY app.py LICENSE ./
COPY dfsc ./dfsc
COPY weights ./weights
RUN python -m compileall -q dfsc \
 && useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin inspector

USER 10001:10001
ENV HOME=/tmp \
    HF_HUB_OFFLINE=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_TEMP_DIR=/tmp/gradio \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/config', timeout=8)"]
CMD ["python", "app.py"]
