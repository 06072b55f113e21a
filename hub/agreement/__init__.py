"""Where two backends measured one benchmark on one model: on which questions do they agree, and on which not."""
