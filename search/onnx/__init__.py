"""Encoders as ONNX files: exporting one (`manage.py export_encoder`), the proof that it ranks like torch, and running it."""
