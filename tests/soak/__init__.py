"""How often is the suite wrong? Many whole runs of a healthy mesh, whose verdicts must all be the same."""
