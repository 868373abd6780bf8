"""What the trusted process measures of trained models: one module per sort of model, found by its name.

A rubric says `measure: NAME`, which is the module of that name here. Each module has a class `Run`, which trains once and measures,
and of which `load(choice, root)` returns the data set.
"""
