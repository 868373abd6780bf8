"""The trusted answers: one function per task, written to be read beside the textbook.

Each module has the name and the signatures of the student's template. The annotated signature of a public function is
the contract with students (shapes, types, defaults), and its docstring is the text of the task; both are copied from
the source.
"""
