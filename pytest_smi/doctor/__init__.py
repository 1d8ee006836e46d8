"""What a cluster and a mesh are like before a run: questions, pure judgements of the answers,
and a pod that tries the mesh.

`questions.py` says what is asked, `reading.py` asks it, the modules `*_checks.py` judge the answers,
`probe.py` deploys one pod.
"""
