"""Small, self-made copies of benchmarks in their official layout: `make(folder)` writes one, oddities included."""
