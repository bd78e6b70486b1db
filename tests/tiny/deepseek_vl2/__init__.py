"""The files that a DeepSeek-VL2 checkpoint with its own code would bring."""
