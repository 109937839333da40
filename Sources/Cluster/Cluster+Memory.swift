internal import Compute

extension Cluster {
  /// Counts ``peakBytes`` from now on.
  package func resetPeakMemory() { for process in processes { Compute.resetPeakMemory(of: process) } }

  /// The most memory that this process and its local workers have had, added up; workers of other hosts are not known.
  package var peakBytes: Int { processes.reduce(0) { $0 + peakMemory(of: $1) } }

  private var processes: [Int32?] { [nil] + localProcesses.map(Optional.some) }
}
