using Xunit.v3;

// Torch takes every core by itself, and the tests count its live tensors, of which there is one count a process.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
