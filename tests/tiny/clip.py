"""Small contrastive checkpoints."""

import tiny_models

CASES = {"clip": tiny_models.save_clip}
