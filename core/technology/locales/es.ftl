technology-system_not_found = No existe ese sistema o no tiene permiso para verlo.
technology-system_name_taken = La empresa ya tiene un sistema con ese nombre.
technology-system_retired = El sistema está retirado: ya no se vigila ni se cambia.
technology-department_not_found = No existe ese departamento en la empresa.
technology-user_not_found = No existe ese usuario o no está activo.
technology-check_not_found = No existe esa comprobación o no tiene permiso para verla.
technology-check_name_taken = El sistema ya tiene una comprobación con ese nombre.
technology-check_state = La comprobación ya está en ese estado.
technology-out_of_bounds = El valor debe estar entre { $least } y { $most }.
technology-queue_invalid = Una cola se nombra con hasta 40 letras minúsculas y guiones bajos.
technology-schedule_not_found = No existe esa programación o no tiene permiso para verla.
technology-text_needs_get = Para buscar un texto en la respuesta hay que pedirla entera: use GET.
technology-address_malformed = La dirección no es válida: indique http o https con un servidor, o un servidor con su puerto, sin usuario ni contraseña.
technology-address_forbidden = No se puede acceder a { $host }: su dirección es { $kind ->
    [loopback] de la propia máquina
    [private] de una red privada
    [shared] de la red interna de un proveedor
    [link-local] del enlace local o de los metadatos de la nube
    [multicast] de difusión
   *[other] reservada
}. Quien administra la instalación puede permitir direcciones internas.
technology-incident_not_found = No existe esa incidencia o no tiene permiso para verla.
technology-incident_state = El estado de la incidencia no lo permite.
technology-incident_open = Ya hay otra incidencia abierta por la misma comprobación.
technology-incident_full = La incidencia ya tiene { $most } anotaciones, que es el máximo.
technology-began_in_future = Una incidencia no puede empezar en el futuro.
technology-range_too_long = El periodo puede tener como máximo { $most } días.
technology-seen_unresolved = El nombre no tiene dirección.
technology-seen_unreachable = Nadie atiende en esa dirección.
technology-seen_timed_out = No hubo respuesta en { $timeout } ms.
technology-seen_tls = No se pudo establecer una conexión segura: { $detail }
technology-seen_answer = La respuesta no se pudo leer: { $detail }
technology-seen_status = Respondió con el estado { $status } en lugar de { $expected }.
technology-seen_no_text = La respuesta no contiene el texto esperado.
technology-seen_expires = El certificado caduca el { $date }, dentro de { $days } días.
technology-seen_expired = El certificado caducó el { $date }.
technology-seen_other_name = El certificado no es de ese servidor.
technology-seen_waiting = Esperan { $waiting } trabajos; el máximo es { $most }.
technology-seen_oldest = Un trabajo espera desde hace { $minutes } minutos; el máximo es { $most }.
technology-seen_missed = El trabajo de «{ $schedule }» del { $due } no terminó a tiempo.
technology-seen_no_tick = «{ $schedule }» debía haberse puesto en marcha el { $due } y no lo hizo.
technology-incident_opened-title = Incidencia { $number }: { $system }
technology-incident_opened-body = { $cause }
technology-incident_resolved-title = Resuelta la incidencia { $number }: { $system }
technology-incident_resolved-body = El sistema { $system } se ha recuperado.
technology-incident_assigned-title = Se le asigna la incidencia { $number }: { $system }
technology-incident_assigned-body = { $cause }
technology-by_hand = { $title }
report-technology-availability = Disponibilidad de los sistemas
report-technology-availability-system = Sistema
report-technology-availability-criticality = Criticidad
report-technology-availability-incidents = Incidencias
report-technology-availability-down_minutes = Minutos caído
report-technology-availability-percent = Disponibilidad (%)
