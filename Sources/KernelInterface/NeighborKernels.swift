/// Kernels of the Neighbor models.
package protocol NeighborKernels: Sendable {}
