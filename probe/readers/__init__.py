"""Whatever can be asked about pictures: a model here, one behind an address, or the answers in somebody's log.

A run knows none of them: its plan, ledger, resume and analyses speak to two protocols (`reader`).

    Reader       what is known before weights are loaded or a request is sent: what determines the numbers, its sites,
                 how it is asked, and what it cannot be asked
    OpenReader   what reads: its provenance, a check of questions, and answers (and states) for views

`local` is the reader of models that are loaded here, `served` of those behind an address, `probe.logs.reader` of logs,
which are no models and see no pictures. Another one is written in a file of its own:

    @dataclass(frozen=True)
    class Parrot:
        name = "parrot"                            # in messages
        kind = GENERATIVE                          # it is asked questions; CONTRASTIVE compares captions (`asking`)
        cannot = {"forms": "gives no scores"}      # settings of a run that it has nothing for, each with the reason
        without_picture = ""                       # why it cannot be asked of the text alone; "" where it can
        without_other_dtype = ""                   # why it has no other data type to be read in; "" where it has
        towers = default_sites = ()                # without towers a run keeps answers only
        attention = Attention()                    # none is read (`reader.Attention`)
        dtype, resizes, sees = "float32", False, True      # it is shown pictures
        scores = False                             # no scores: the run stores which option was chosen
        def identity(self): return {"family": "parrot", "kind": "generative", "dtype": "float32"}   # in the hash
        def inputs(self): return {}                # what pictures go through, compared on resume
        def prompt_text(self, sample, prompt, *, pictures): return prompts.render(sample, prompt)
        def grids(self, sizes): return {}          # its tokens; ValueError for pictures that it cannot take
        def effort(self, dataset, conditions): return {"squawks": "many"}    # what --dry-run says of the work
        def require_here(self): ...                # raise where this machine lacks what it needs
        def open(self, run): return OpenParrot(self)

    class OpenParrot:                              # `reader` and `provenance`, and
        def images_at_once(self, batch_size): return batch_size
        def check(self, question): ...             # ValueError for what cannot be asked
        def encode(self, view, place): return Heard(view.questions, 0)       # in threads, ahead of reading
        def read(self, views, sites, **request):   # one hooks.Reading a view, one hooks.Answer a question, in order
            return [Reading({}, tuple(chosen(q, 0) for q in view.questions)) for view in views]
        def committed(self, unit): ...             # the unit is stored: what was kept for it may go
        def close(self): ...                       # nothing is read afterwards

and is chosen by name in `probe.extraction.execution.reader_of`. An answer without scores is `answers.chosen`.
"""
