//! What one may be allowed to do with compliance.

kernel::permissions! {
    /// See findings and their evidence.
    FINDING_READ = "compliance.finding.read";
    /// Assign findings, say something about them, and propose to accept them.
    FINDING_MANAGE = "compliance.finding.manage";
    /// Grant or refuse the acceptance of findings that others proposed.
    FINDING_ACCEPT = "compliance.finding.accept";
    /// See rules, scans and what they covered.
    RULE_READ = "compliance.rule.read";
    /// Turn rules on and off, change their severity and parameters.
    RULE_MANAGE = "compliance.rule.manage";
    /// Run scans.
    SCAN_RUN = "compliance.scan.run";
}
