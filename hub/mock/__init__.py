"""A stand-in for a model's server: OpenAI's protocol, chosen answers, chosen speed, chosen misfortunes."""
