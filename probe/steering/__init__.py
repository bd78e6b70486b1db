"""`probe steer`: the mean difference of clean and perturbed states of other images, added to a run's forwards.

`fitted` makes the directions, `forwards` steers one sample's views, `stored` is what a run keeps, `command` runs it
all.
"""
