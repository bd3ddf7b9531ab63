//! What one may be allowed to do with people and their pay.

kernel::permissions! {
    /// See employees: who works where since when.
    EMPLOYEE_READ = "people.employee.read";
    /// Hire employees, change their data, and see them leave.
    EMPLOYEE_MANAGE = "people.employee.manage";
    /// See contracts, pay, accounts, tax ids and family situations.
    PAY_READ = "people.pay.read";
    /// Change contracts, pay items, advances, garnishments and family situations.
    PAY_MANAGE = "people.pay.manage";
    /// See payroll runs with their totals.
    PAYROLL_READ = "people.payroll.read";
    /// Draft, calculate, submit and cancel payroll runs.
    PAYROLL_RUN = "people.payroll.run";
    /// Approve payroll runs that others prepared.
    PAYROLL_APPROVE = "people.payroll.approve";
    /// Post approved payroll runs, and choose the accounts they post to.
    PAYROLL_POST = "people.payroll.post";
    /// See the payslips of others.
    PAYSLIP_READ = "people.payslip.read";
    /// See one's own payslips.
    PAYSLIP_READ_OWN = "people.payslip.read_own";
    /// See one's own record and contract.
    SELF_READ = "people.self.read";
}
