/// All inner loops of Atelier, as one instruction set implements them.
///
/// The protocols are the contract: what each kernel computes, the shape of every pointer, the order of every sum. The
/// target `Kernels` implements them once, and is compiled once per instruction set; the tests implement them a second
/// time, plainly. Every implementation gives the same bits.
///
/// A protocol stands between `Compute` and the kernels, so that no kernel's body can be inlined into code that is
/// compiled for another instruction set, where the same source would be slow (or crash).
///
/// Conventions: pointers are aligned to 64 bytes where the contract says so, never overlap unless it says so, and are checked by nobody.
package protocol KernelSet: NetworkKernels, ForestKernels, NeighborKernels {}
