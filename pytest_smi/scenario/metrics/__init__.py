"""Traffic Metrics as the suite reads it: pure readers and judgements, and the common scene that the assertions look at."""
