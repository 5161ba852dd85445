"""Training of CLIP-family encoders: data, captions, augmentation, model, loop, evaluation and the model card."""
