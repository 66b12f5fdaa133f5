"""An evaluation as a folder to publish: Markdown, JSON, curves, and a sheet of images."""
