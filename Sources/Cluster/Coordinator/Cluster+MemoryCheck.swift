internal import Compute
package import Datasets
package import Models

extension Cluster {
  /// Checks that this host has enough memory for a fit by this process and its local workers. Workers of other hosts
  /// check their own memory: see ``ComputeThread``.
  /// - Parameter queries: The number of images that are predicted at once.
  /// - Throws: ``ModelError/insufficientMemory(_:)``, which names the setting to change.
  package func checkMemory(
    _ settings: ModelSettings, _ images: LabeledImages, classCount: Int, queries: Int = BlockProbabilities.imagesPerTask
  ) throws(ModelError) {
    // Workers of other hosts may do all of the work.
    let processes = hasRemoteWorkers ? 0 : max(1, self.settings.workers)
    let threads = self.settings.workers > 0 ? self.settings.threads(ofLocalWorker: 0) : context.team.count
    try settings.memory(
      images: images.count, of: images.shape, classCount: classCount, queries: queries, threads: threads
    ).check(processes: processes)
  }
}

extension ComputeThread {
  /// Checks that a worker has enough memory for a job. If not, only this worker is excluded from the job.
  /// - Throws: ``ModelError/insufficientMemory(_:)``, which names the setting to change.
  static func checkMemory(
    _ settings: ModelSettings, _ images: LabeledImages, classCount: Int, on context: ComputeContext
  ) throws(ModelError) {
    try settings.memory(
      images: images.count, of: images.shape, classCount: classCount, queries: BlockProbabilities.imagesPerTask,
      threads: context.team.count
    ).check(collects: false)
  }
}
