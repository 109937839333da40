package import Compute
package import Datasets
internal import KernelInterface

/// Computes the gradient of a batch on the thread team: logical shards in parallel, summed along the fixed tree.
///
/// Memory is allocated when the range of shards changes; a training step allocates nothing.
package final class BatchGradient {
  private let plan: NetworkPlan
  private let settings: NetworkSettings
  private let images: LabeledImages
  private let table: [Float]
  private let context: ComputeContext
  private var schedule: ShardSchedule
  private let workspaces: [ShardWorkspace]
  private var vectors: AlignedBuffer<Float>

  package init(
    _ plan: NetworkPlan, settings: NetworkSettings, images: LabeledImages, normalization: InputNormalization,
    context: ComputeContext
  ) {
    self.plan = plan
    self.settings = settings
    self.images = images
    self.context = context
    table = normalization.table
    schedule = ShardSchedule(range: 0..<settings.shards, of: settings.shards, threads: context.team.count)
    let shardImages = (settings.batch + settings.shards - 1) / settings.shards
    workspaces = schedule.actions.map { _ in ShardWorkspace(plan, images: shardImages, forTraining: true) }
    vectors = AlignedBuffer(count: schedule.bufferCount * plan.count)
  }

  /// The shards that are computed: all, until ``use(shards:)`` says otherwise.
  package var shards: Range<Int> { schedule.range }

  /// From now on, computes only these shards of each batch.
  package func use(shards: Range<Int>) {
    guard shards != schedule.range else { return }
    schedule = ShardSchedule(range: shards, of: settings.shards, threads: context.team.count)
    let count = schedule.bufferCount * plan.count
    if count > vectors.count { vectors = AlignedBuffer(count: count) }
  }

  /// The sums over the maximal subtrees inside ``shards``, from left to right; one, the whole batch's, if those are all. Each: (plan.count).
  /// Valid until the next ``compute(samples:count:epoch:parameters:packed:)``, once ``finish(_:)`` has covered all of it.
  package var sums: [UnsafePointer<Float>] { schedule.sums.map { UnsafePointer(vector($0)) } }

  private func vector(_ buffer: Int) -> UnsafeMutablePointer<Float> { vectors.pointer + buffer * plan.count }

  /// Computes the shards' gradients, and their sums as far as one thread can go alone.
  /// - Parameter samples: (count), at most the batch; where the images stand in the training set.
  package func compute(
    samples: UnsafePointer<Int>, count: Int, epoch: Int, parameters: UnsafePointer<Float>, packed: PackedWeights
  ) {
    context.team.run { thread in
      for action in schedule.actions[thread] {
        switch action {
        case .compute(let shard, let buffer):
          let first = count * shard / settings.shards
          let end = count * (shard + 1) / settings.shards
          compute(
            samples: samples + first, count: end - first, epoch: epoch, into: vector(buffer),
            ShardPass(
              plan: plan, kernels: context.kernels, parameters: parameters, packed: packed,
              workspace: workspaces[thread]))
        case .add(let left, let right):
          context.kernels.add(count: plan.count, values: vector(right), to: vector(left))
        }
      }
    }
  }

  /// Adds what several threads have, in `range` of the vector: multiples of 16.
  package func finish(_ range: Range<Int>) {
    for (left, right) in schedule.additions {
      context.kernels.add(
        count: range.count, values: vector(right) + range.lowerBound, to: vector(left) + range.lowerBound)
    }
  }

  private func compute(
    samples: UnsafePointer<Int>, count: Int, epoch: Int, into gradient: UnsafeMutablePointer<Float>, _ pass: ShardPass
  ) {
    // The last batch of a small training set can leave a shard without images.
    guard count > 0 else { return gradient.update(repeating: 0, count: plan.count) }
    let workspace = pass.workspace
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { labels in
      images.pixels.withUnsafeBufferPointer { pixels in
        table.withUnsafeBufferPointer { table in
          for image in 0..<count {
            let sample = samples[image]
            labels[image] = images.labels[sample]
            settings.augment.apply(
              image: pixels.baseAddress! + sample * plan.input.count, shape: plan.input,
              into: workspace.pixels.pointer, seed: settings.seed, epoch: epoch, sample: sample)
            plan.writePatches(
              pixels: workspace.pixels.pointer, table: table.baseAddress!, normalized: workspace.normalized.pointer,
              patches: workspace.patches.pointer + image * plan.patchCount)
          }
        }
      }
      let training = ShardPass.Training(settings: settings, epoch: epoch, samples: samples, gradient: gradient)
      pass.forward(images: count, training: training)
      pass.backward(images: count, labels: labels.baseAddress!, training: training)
    }
  }
}
