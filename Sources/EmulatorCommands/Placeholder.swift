import PULPissimo
