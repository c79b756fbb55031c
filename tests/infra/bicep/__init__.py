"""Works out what infra/ deploys with given parameters, on machines without the Bicep compiler.

The grammar is that of tree-sitter-bicep, somebody else's. Types of resources and names of their
properties are for the compiler: `test_compiler.py` runs it where it is installed, and so does CI.
"""
