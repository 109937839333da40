internal import Compute
internal import Coordination
internal import Datasets
internal import Models

/// Does tasks of a job that consists of independent ones; the result is their bytes.
protocol TaskRunner {
  /// - Parameter progress: told how many of the chunk's tasks are done; returns false to stop early.
  /// - Throws: `CancellationError` if stopped; why the tasks cannot be done.
  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8]

  /// How many of the bytes any other worker would have come to; the rest is about how it went.
  func checkedCount(of bytes: [UInt8]) -> Int
}

extension TaskRunner {
  func checkedCount(of bytes: [UInt8]) -> Int { bytes.count }
}

/// Units are trees of a forest; their bytes are a safetensors file of ``Tree/tensors(of:)``.
struct ForestTaskRunner: TaskRunner {
  private let grower: ForestGrower

  init(_ images: LabeledImages, _ job: JobDescription, on context: ComputeContext) throws {
    grower = try ForestGrower(
      images, classCount: Int(job.classCount), settings: try ForestSettings(job.settings), on: context)
  }

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    let trees = try grower.growTrees(chunk.tasks) { progress($0.done) }
    return SafetensorsFile(metadata: [:], tensors: Tree.tensors(of: trees)).bytes
  }
}

/// The only unit is the tree; its bytes are a safetensors file of the model's tensors.
struct TreeTaskRunner: TaskRunner {
  let images: LabeledImages
  let job: JobDescription
  let context: ComputeContext

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    let tree = try DecisionTree.fit(
      images, classCount: Int(job.classCount), settings: try TreeSettings(job.settings), on: context
    ) { _ in progress(0) }
    return SafetensorsFile(metadata: [:], tensors: tree.tensors).bytes
  }
}

/// Units are blocks of images; their bytes are the images' class probabilities: Floats, (images, classes).
struct PredictionTaskRunner: TaskRunner {
  let predictor: Predictor
  let images: LabeledImages
  let imagesPerTask: Int

  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] {
    let tasks = chunk.tasks
    let range = tasks.lowerBound * imagesPerTask..<min(tasks.upperBound * imagesPerTask, images.count)
    let part = range.count == images.count ? images : images.selecting(Array(range))
    let probabilities = try predictor(part) { progress($0.done / imagesPerTask) }
    return probabilities.withUnsafeBytes { Array($0) }
  }
}

/// Units are nothing: measures what a unit costs on its way.
struct EmptyTaskRunner: TaskRunner {
  func run(_ chunk: Chunk, progress: (Int) -> Bool) throws -> [UInt8] { [] }
}
