internal import KernelInterface

/// The kernels over fixed-width SIMD vectors, compiled for the instruction set of this target.
///
/// Vector widths and the order of operations never depend on the instruction set: a narrower processor holds the same
/// vector in several registers, so the result has the same bits.
///
/// Use only generic code of the standard library that is always inlined. A function that is not (`Array`, `print`, …)
/// becomes a weak symbol compiled with this target's instructions, and the linker may choose that copy for the whole
/// program (`deploy/check-kernels` looks for such symbols).
package enum SIMDKernels: KernelSet {}
