"""How much does the suite notice? Random small changes of the reference mesh, and the suite against each."""
