"""Commands beside training: what can run here, whether it does, several processes, one answer, one merged model."""
