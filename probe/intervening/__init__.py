"""What all interventions in a finished run share: its pairs, its model and pictures, its samples asked again.

`choice` draws pairs, `setup` brings model and pictures back, `asked` is one sample, `session` measures and shows.
"""
