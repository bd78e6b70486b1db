"""Small LLaVA checkpoints."""

import tiny_models

CASES = {"llava": tiny_models.save_llava}
