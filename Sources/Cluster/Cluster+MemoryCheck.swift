internal import Compute
package import Datasets
package import Models

extension Cluster {
  /// Refuses a fit that this machine has not enough memory for, before it begins: what this process does itself, and what its local workers do
  /// together. Workers of other hosts look at their own memory, see ``ComputeThread``.
  /// - Parameter queries: images whose predictions are made at once
  /// - Throws: ``ModelError/badSettings(_:)``, which names the setting
  package func checkMemory(
    _ settings: ModelSettings, _ images: LabeledImages, classCount: Int, queries: Int = BlockProbabilities.imagesPerTask
  ) throws(ModelError) {
    // Others may do all of it.
    let processes = self.settings.listen != nil ? 0 : max(1, self.settings.workers)
    let threads = self.settings.workers > 0 ? self.settings.threads(ofLocalWorker: 0) : context.team.count
    try settings.memory(
      images: images.count, of: images.shape, classCount: classCount, queries: queries, threads: threads
    ).check(processes: processes)
  }
}

extension ComputeThread {
  /// Of a worker, which is of no use for the job then; others may be.
  /// - Throws: ``ModelError/badSettings(_:)``, which names the setting
  static func checkMemory(
    _ settings: ModelSettings, _ images: LabeledImages, classCount: Int, on context: ComputeContext
  ) throws(ModelError) {
    try settings.memory(
      images: images.count, of: images.shape, classCount: classCount, queries: BlockProbabilities.imagesPerTask,
      threads: context.team.count
    ).check(collects: false)
  }
}
