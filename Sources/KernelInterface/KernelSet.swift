/// The inner loops of Atelier, implemented for one instruction set.
///
/// The protocols are the contract: what each kernel computes, the shape of every pointer, and the order of every sum.
/// The target `Kernels` implements them once and is compiled once per instruction set. All builds return the same bits;
/// the tests compare them with plain reference implementations.
///
/// Kernels are called through a protocol so that no kernel is inlined into code compiled for another instruction set,
/// where it would be slow or crash.
///
/// Shapes are written as (rows, columns) or [row][column], the last dimension being contiguous. Pointers are aligned to
/// 64 bytes where the contract says so, and do not overlap unless it says so. Kernels check none of this; the caller
/// does.
package protocol KernelSet: NetworkKernels, ForestKernels, NeighborKernels {}
