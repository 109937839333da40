internal import Foundation
internal import Text
package import Transport

/// Examines whether a coordinator can listen at an address, and whether workers could join it there.
package enum CoordinatorChecks {
  /// - Parameters:
  ///   - keys: Reads the keys with which the coordinator would listen.
  package static func findings(
    _ endpoint: Endpoint, keys: () throws(TransportError) -> CoordinatorKeys
  ) -> [Doctor.Finding] {
    var findings = [address(endpoint), port(endpoint)]
    do throws(TransportError) { findings += access(try keys()) } catch {
      findings.append(.init(step: "keys", isWell: false, text: error.description))
    }
    return findings
  }

  private static func address(_ endpoint: Endpoint) -> Doctor.Finding {
    let own = LocalAddress.allExternal
    let others = own.isEmpty ? "this host has no other address" : "this host's addresses are \(own.listed(atMost: 4))"
    if endpoint.isLocal {
      return .init(
        step: "address", isWell: true,
        text: "\(endpoint) can be reached from this host only; for workers on other hosts, \(others)")
    }
    return .init(step: "address", isWell: true, text: "\(others); workers join at one of them")
  }

  private static func port(_ endpoint: Endpoint) -> Doctor.Finding {
    do throws(TransportError) {
      let sockets = try SocketContext()
      let bound = try Socket(.router, in: sockets).bind(endpoint)
      return .init(step: "port", isWell: true, text: "a coordinator can listen at \(bound)")
    } catch {
      return .init(
        step: "port", isWell: false,
        text: "\(error). If a coordinator is running there, run atelier doctor --join on a worker's host instead")
    }
  }

  private static func access(_ keys: CoordinatorKeys) -> [Doctor.Finding] {
    guard let folder = keys.folder, let invitations = keys.invitations else {
      return [
        .init(step: "keys", isWell: true, text: "workers with this user's key or the job's secret may join")
      ]
    }
    var findings = [
      Doctor.Finding(
        step: "keys", isWell: true,
        text: "the keys of \(counted(keys.workers.count, "worker")) in \(folder) are admitted")
    ]
    let states = Array(invitations.guests().values)
    let open = states.filter { $0 == .open }.count
    let ended = [Invitation.State.used, .expired, .revoked].compactMap { state -> String? in
      let count = states.filter { $0 == state }.count
      return count > 0 ? "\(count) \(state)" : nil
    }
    findings.append(
      .init(
        step: "tokens", isWell: true,
        text: "\(counted(open, "invitation")) \(open == 1 ? "is" : "are") open"
          + (ended.isEmpty ? "" : " (\(ended.joined(separator: ", ")))")
          + (open == 0 ? "; atelier keys invite creates one" : "")))
    return findings
  }
}
