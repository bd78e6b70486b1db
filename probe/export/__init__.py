"""What leaves a run, or a dataset, in formats that others read: tables, states, and perturbed pictures."""
