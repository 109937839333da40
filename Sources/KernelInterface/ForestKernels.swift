/// Kernels of the Forest models.
package protocol ForestKernels: Sendable {}
