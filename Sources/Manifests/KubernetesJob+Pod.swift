extension KubernetesJob {
  /// The pods' specification, which satisfies the Pod Security Standard "restricted".
  var podDocument: YAMLValue {
    [
      "subdomain": .string(name),
      "restartPolicy": "Never",
      "automountServiceAccountToken": false,
      "enableServiceLinks": false,
      // SIGTERM saves a checkpoint.
      "terminationGracePeriodSeconds": 60,
      "securityContext": [
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532,
        "fsGroup": 65532, "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": ["type": "RuntimeDefault"],
      ],
      "affinity": affinity, "topologySpreadConstraints": spread,
      "containers": [container],
      "volumes": volumes,
    ]
  }

  private var container: YAMLValue {
    let resources: YAMLValue = ["cpu": .string(cpus), "memory": .string(memory)]
    return [
      "name": "atelier", "image": .string(image),
      "command": ["atelier"], "args": .sequence(command.map { .string(Self.escaped($0)) }),
      "workingDir": .string(Self.runFolder),
      "env": environment,
      "resources": ["requests": resources, "limits": resources],
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
      ],
      // The coordinator reads the data before it listens.
      "startupProbe": probe("alive", period: 2, failures: 300),
      "livenessProbe": probe("alive", period: 10, failures: 3),
      "readinessProbe": probe("ready", period: 5, failures: 1),
      "volumeMounts": mounts,
    ]
  }

  /// Kubernetes replaces `$(NAME)` in arguments by the value of a variable, and `$$` by `$`.
  private static func escaped(_ argument: String) -> String { argument.replacing("$", with: "$$") }

  private func probe(_ state: String, period: Int, failures: Int) -> YAMLValue {
    [
      "exec": ["command": ["atelier", "probe", .string(state)]],
      "periodSeconds": .integer(period), "timeoutSeconds": 10, "failureThreshold": .integer(failures),
    ]
  }

  /// The variables by which a command finds out that it runs in the coordinator's pod.
  package static let coordinatorVariables = ["JOB_COMPLETION_INDEX": "0"]

  /// The variables of the pods. Kubernetes adds JOB_COMPLETION_INDEX, which is 0 for the coordinator.
  private var environment: YAMLValue {
    let jobSecret: YAMLValue = ["name": .string(secretName), "key": .string(Self.secretKey)]
    return [
      ["name": "ATELIER_JOB_NAME", "value": .string(run)],
      ["name": "ATELIER_COORDINATOR", "value": .string("\(name)-0.\(name):\(Self.port)")],
      // A variable, because files of a Secret that a user other than root can read are readable by a group.
      ["name": "ATELIER_JOB_SECRET", "valueFrom": ["secretKeyRef": jobSecret]],
      ["name": "ATELIER_STATUS_FILE", "value": "/tmp/status"],
      ["name": "HOME", "value": "/tmp"],
    ]
  }

  private var mounts: YAMLValue {
    var mounts: [YAMLValue] = [
      ["name": "runs", "mountPath": .string(Self.runFolder)],
      ["name": "temporary", "mountPath": "/tmp"],
    ]
    if dataClaim != nil {
      mounts.append(["name": "data", "mountPath": .string(Self.dataFolder), "readOnly": true])
    }
    return .sequence(mounts)
  }

  private var volumes: YAMLValue {
    var volumes: [YAMLValue] = [
      ["name": "runs", "persistentVolumeClaim": ["claimName": .string(claimName)]],
      // Workers cache the images here.
      ["name": "temporary", "emptyDir": ["sizeLimit": "8Gi"]],
    ]
    if let dataClaim {
      volumes.append(["name": "data", "persistentVolumeClaim": ["claimName": .string(dataClaim), "readOnly": true]])
    }
    return .sequence(volumes)
  }

  /// Keeps the pods on one node if only one node can mount the claim.
  private var affinity: YAMLValue {
    guard accessMode == .readWriteOnce else { return .absent }
    let term: YAMLValue = ["labelSelector": ["matchLabels": selector], "topologyKey": "kubernetes.io/hostname"]
    return ["podAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": [term]]]
  }

  /// Distributes the pods over the nodes otherwise.
  private var spread: YAMLValue {
    guard accessMode == .readWriteMany else { return .absent }
    return [
      [
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": ["matchLabels": selector],
      ]
    ]
  }
}
