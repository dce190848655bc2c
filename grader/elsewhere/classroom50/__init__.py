"""Classroom 50: the files of an assignment's autograder, and the result that it leaves.

The contract is "Advanced Autograding" in the wiki of foundation50/classroom50, schema `classroom50/result/v1`.
"""
