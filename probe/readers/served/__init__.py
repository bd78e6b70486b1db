"""The reader of models behind an address: any endpoint that speaks the chat completions of the OpenAI API.

endpoint      the address, the key (from the environment alone) and how many requests at a time
messages      a question and its pictures as a request
server        asking: retries, back-off, waiting where the server asks for it
faults        what a server's refusals mean: wait, give the question up, or stop
loop          the thread that the requests are made in
replies       a response as the server sent it, read strictly
option_scores a reply as an answer: scored by log-probabilities, or read from its text
journal       answers that are not in the store yet, so that no question is asked twice
notes         where these are: in files, or in an object store
limits        what a server has left before it refuses, and when the next request may go
served        the reader
"""
