administration-mail_server_away = El servidor de correo no está disponible: { $detail }. Vuelva a intentarlo cuando lo esté.
administration-mail_rejected = El servidor de correo rechazó el mensaje: { $detail }
administration-mail_impossible = El mensaje no puede escribirse: { $part } no es válido.
administration-mail_sent_already = El mensaje ya se ha enviado.
administration-mail_under_way = El mensaje está en camino; espere a que se envíe o se dé por fallido.
administration-report_unknown = No hay ningún informe «{ $key }».
administration-report_company_unknown = No existe tal empresa o no puede ver en ella este informe.
administration-report_for_people = Los informes se producen para personas, no para automatizaciones.
administration-report_too_long = El informe tiene { $rows } filas y en papel caben { $most }. Pídalo como hoja de cálculo.
administration-report_unprintable = El informe no puede escribirse en este formato: { $detail_es }
administration-report_of_another = Lo producido para otra persona solo lo abre ella.
administration-report_not_made = El informe no está hecho.
administration-recipient_unknown = No existe tal usuario o no puede entrar.
administration-recipient_may_not = { $name } no puede ver este informe, así que tampoco recibirlo.
administration-recipients_out_of_range = Indique entre un destinatario y { $most }.
administration-report_schedule_not_found = No existe tal programación de informe.
administration-report_schedule_name_taken = Ya hay una programación de informe con ese nombre.
administration-archived = Está archivado y ya no cambia.
administration-announcement_not_found = No existe tal comunicado.
administration-announcement_published_already = El comunicado está publicado: sus palabras y sus destinatarios ya no cambian. Archívelo y publique otro.
administration-announcement_over = El plazo del comunicado ya ha pasado.
administration-both_languages = Para el inglés hacen falta el título y el texto.
administration-audience_out_of_range = Indique entre uno y { $most } destinatarios.
administration-audience_unknown = Alguna de las empresas, departamentos o funciones no existe.
administration-audience_too_wide = Su permiso no alcanza a todos esos destinatarios.
administration-people_announce = Los comunicados los escriben personas.
administration-people_read = Los comunicados los leen personas.
administration-acknowledgement_not_asked = Este comunicado no pide confirmación de lectura.
administration-document_not_found = No existe tal documento.
administration-document_unreadable = No se puede leer el texto de este archivo; el documento se encuentra solo por su título, etiquetas y descripción.
administration-people_keep = Los documentos los guardan personas.
administration-readers_unknown = No existe tal departamento o función.
administration-readers_too_wide = Su permiso no alcanza a todos esos lectores.
administration-company_of_readers = La empresa es la de los lectores; cámbiela con ellos.
administration-owner_unknown = No existe tal usuario o no puede entrar.
administration-tags_out_of_range = Un documento tiene { $most } etiquetas como mucho.
administration-search_too_long = Busque con { $most } caracteres como mucho.

administration-report_period = Del { $from } al { $to }
administration-report_as_of = A { $day }
administration-report_made_for = Producido para { $reader }.
administration-report_amounts_in = Importes en { $currency }.
administration-report_attached = Se adjunta el informe «{ $name }».
administration-report_without_rows = No hay nada en el periodo pedido.

administration-report_ready-title = Informe listo: { $report }
administration-report_ready-body = El informe «{ $report }» está listo para descargar.
administration-report_failed-title = Informe no producido: { $report }
administration-report_failed-body = El informe «{ $report }» no se ha podido producir. Ábralo para ver el motivo.
administration-announcement_published-title = Comunicado: { $title_es }
administration-announcement_published-body = { $acknowledge ->
    [yes] Se ha publicado «{ $title_es }». Léalo y confirme que lo ha leído.
   *[no] Se ha publicado «{ $title_es }».
}
