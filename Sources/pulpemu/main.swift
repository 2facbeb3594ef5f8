print("pulpemu")
