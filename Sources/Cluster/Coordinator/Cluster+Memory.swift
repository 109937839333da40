internal import Compute

extension Cluster {
  /// Restarts the measurement of ``peakBytes``.
  package func resetPeakMemory() { for process in processes { Compute.resetPeakMemory(of: process) } }

  /// The sum of the peak memory of this process and its local workers. Workers of other hosts are not included.
  package var peakBytes: Int { processes.reduce(0) { $0 + peakMemory(of: $1) } }

  private var processes: [Int32?] { [nil] + localProcesses.map(Optional.some) }
}
