internal import Compute

/// The ports at which process 0 of a job listens and the others look for it, without a shared file system: a function
/// of the job's name.
///
/// Process 0 takes the first port that is free. The others try the ports in the same order, and recognize their
/// coordinator by its key, which derives from the secret of the job: the coordinator of another job is skipped.
package enum RendezvousPorts {
  /// Below the ports that Linux gives to outgoing connections (ip_local_port_range, from 32768), so that no client
  /// occupies them.
  private static let range = 20_000..<32_000
  private static let candidates = 8

  package static func ports(ofJob job: String) -> [Int] {
    var digest = Digest()
    digest.update("atelier rendezvous \(job)")
    let bytes = digest.finalizeBytes()
    let first = (Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])) % range.count
    // An odd step, so that two jobs with the same first port do not compete for all others.
    let step = 2 * (Int(bytes[3]) << 8 | Int(bytes[4])) + 1
    return (0..<candidates).map { range.lowerBound + (first + $0 * step) % range.count }
  }
}
