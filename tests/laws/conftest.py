"""Laws are tried on sixty examples each where a file says nothing else, in as much time as a busy machine takes."""

from hypothesis import settings

settings.register_profile("laws", max_examples=60, deadline=None)
settings.load_profile("laws")
