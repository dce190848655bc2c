"""PrairieLearn: the image of an external grader, a question for it, and the results that it leaves.

The contract is "External grading" in PrairieLearn's documentation (docs.prairielearn.com).
"""
