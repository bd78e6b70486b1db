"""Attacks on what comes from elsewhere: each file is one kind of input, changed at random and tried."""
